"""Tokens: who we are when we ask Dialogporten.

Lives here: the Maskinporten grant (`maskinporten`), a person's login at ID-porten (`idporten`) and the vault that keeps
it (`vault`, `consent`), Altinn's exchange (`altinn`), the keys that sign (`key_ring`), and the sources a client takes
its bearer from (`source`, `persons`). Does not live here: keys and settings (`config`), the table of consents
(`store.consents`), HTTP itself (`sync.dialogporten.http`).
"""
