"""What the store keeps, as frozen values with their pure rules: no SQL, no HTTP, no clock."""
