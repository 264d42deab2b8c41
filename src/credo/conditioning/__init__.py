"""From what people feel, say or see to what music can be asked: attributes, words, pictures."""
