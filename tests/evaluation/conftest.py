import credo.models  # noqa: F401 - chooses the backend of Keras before a test imports it
