"""Search: the index, questions and their answers, evaluation, and the service."""
