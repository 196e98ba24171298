"""The commands behind the Makefile, one file each."""
