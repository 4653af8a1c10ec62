"""What monitoring asks and reads: health, metrics, and requests in the log."""
