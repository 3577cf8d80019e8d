"""Decide what a text is: language, passages, signals, stage, stance and targets, with how sure the model is."""
