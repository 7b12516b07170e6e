"""The HTTP edge: what leaves for Dialogporten and what comes back.

Lives here: the one owner of httpx (`http`), the calls (`client`), the error tree (`errors`) and the rules that turn an
answer into one of its members (`refusals`), retries (`retry`), server limits (`limits`) and the wire types (`wire`).
Does not live here: tokens (`sync.auth`), what to ask and when (`sync.passes`), rows (`store`).
"""
