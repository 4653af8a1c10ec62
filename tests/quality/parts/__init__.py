"""Parts of `make quality` that nothing else uses."""
