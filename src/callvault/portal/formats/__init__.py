"""One format module a language: Django's own give American dates and leave seconds out."""
