"""Decide when to wake someone: counts by hour, tests for a rise, rules, alerts and silences.

It knows no text, no model and no network. It reads assessments and reviews, and writes tallies, alerts and the
deliveries that alerts owe.
"""
