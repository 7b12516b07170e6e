"""One file for each revision. What is written here stays as it was written; a change is a new file."""
