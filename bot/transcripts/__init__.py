"""Transcripts: one self-contained HTML file that nothing in it can make act."""
