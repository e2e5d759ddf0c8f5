"""What users write.

Steps, pipelines, `each`, `when`, options; and the traced graph as pure data. Knows nothing of how it is run.
"""
