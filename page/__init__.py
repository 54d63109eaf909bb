"""The page's parts: what `app.py` puts together. The only code that knows Gradio; no retrieval, no prompt text, no model code."""
