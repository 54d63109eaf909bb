"""The prompts, one `.md` file each, and their loader. A clinician can review their text in a diff; it stands nowhere else.

A file holds the parts `# system` and `# human`; slots are `{name}`, a literal brace is doubled.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate

PROMPTS_DIR = Path(__file__).parent


@lru_cache(maxsize=16)
def load_prompt(name: str) -> "ChatPromptTemplate":
    """Return the prompt of that name as a LangChain template.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file lacks a `# system` or `# human` part.
    """
    from langchain_core.prompts import ChatPromptTemplate

    text = (PROMPTS_DIR / f"{name}.md").read_text(encoding="utf-8")
    match = re.fullmatch(r"# system\n(?P<system>.*?)\n# human\n(?P<human>.*)", text, re.DOTALL)
    if match is None:
        raise ValueError(f"prompt {name!r} must have the parts '# system' and '# human', in this order")
    return ChatPromptTemplate.from_messages([("system", match["system"].strip()), ("human", match["human"].strip())])


def prompts_fingerprint() -> str:
    """Return 16 hexadecimal digits over all prompt files: which wording an answer was made with."""
    texts = [f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in sorted(PROMPTS_DIR.glob("*.md"))]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
