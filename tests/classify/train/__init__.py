"""Tests of training: rows, our own texts, and a run of a few steps."""
