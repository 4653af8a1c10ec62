"""Turns text into vectors and finds the nearest: encoder, weights, FAISS, and the cache of vectors."""
