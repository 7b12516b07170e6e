"""Figures, not tests: how fast and how large, in ratios, side by side in one run."""
