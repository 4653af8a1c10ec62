"""What operators read in the log: every event, how it is logged, and how a line is written."""
