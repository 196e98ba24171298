"""The images of docker/: what can be checked of them without a container engine."""
