"""What `handrail check` reports: findability, near duplicates, and the checks of articles."""
