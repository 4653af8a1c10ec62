"""The content of Handrail's own pages, as HTML that works without JavaScript and without the service."""
