"""The archive: tables, migrations, writing a batch in one transaction, reading, and the views that SQL users build on.

Knows `config` only. It is told what to write (`store.batch`) and never asks a server anything; what a dialog means is
`sync`'s business.
"""
