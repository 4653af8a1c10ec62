"""What keeps the store within bounds of time and room."""
