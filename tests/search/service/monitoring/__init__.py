"""What monitoring asks and reads."""
