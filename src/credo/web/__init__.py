"""The Studio: composing in the browser and over HTTP."""
