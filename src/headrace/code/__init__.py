"""Source code as keys see it.

Fingerprints of bindings, reach, manifests, digests of files, and the trace of what an attempt touched.
"""
