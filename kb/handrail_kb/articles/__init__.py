"""What a writer wrote: Markdown, front matter, links and titles."""
