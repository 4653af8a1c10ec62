"""The desk: where the people who answer sign in, read, answer, and name the article that answers."""
