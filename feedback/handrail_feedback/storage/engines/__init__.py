"""What is particular to each database that can hold the store."""
