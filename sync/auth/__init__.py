"""Tokens: who we are when we ask Dialogporten.

Lives here: the Maskinporten grant (`maskinporten`), what its refusals mean (`refusals`), and the sources a client takes
its bearer from (`source`). Does not live here: keys and settings (`config`), HTTP itself (`sync.dialogporten.http`).
"""
