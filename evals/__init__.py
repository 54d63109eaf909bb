"""Measurements over questions with known answers. Imports `rag`; nothing of `rag` imports this."""
