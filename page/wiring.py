"""How listeners are wired, the same on every tab: quietly, and how a card's button opens its document."""

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
OPENS_DOCUMENT = """element.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-document]');
  if (opener) trigger('select', { document: opener.dataset.document, quote: opener.dataset.quote });
});"""
