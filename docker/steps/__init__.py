"""Steps that prepare a machine: each is idempotent and may be interrupted."""
