"""Documents that try to break the page: what an untrusted folder of texts may hold."""

from pathlib import Path

from tests.fakes import front_matter

SCRIPT = "<script>document.title='owned'</script><style>body{display:none}</style><img src=x onerror=\"document.title='owned'\">"
LONG_TITLE = ("Zoledronicacidandosteonecrosis" * 10)[:300]
RIGHT_TO_LEFT = "الورم الخبيث في العظام"
DRUGS = (
    "alendronate",
    "ibandronate",
    "pamidronate",
    "risedronate",
    "clodronate",
    "etidronate",
    "tiludronate",
    "neridronate",
    "zoledronate",
    "denosumab",
)


def write_hostile_corpus(folder: Path) -> None:
    """Write the documents into a corpus folder."""
    folder.mkdir(parents=True)
    (folder / "markup.md").write_text(
        front_matter(id="markup", title=f"Markup {SCRIPT}", publisher=f"Body {SCRIPT}"[:118], url="https://example.org/?a='onmouseover='x")
        + "# Markup\n\n## What does markup say of calcitonin?\n\n"
        + f"Calcitonin lowers calcium within 6 hours {SCRIPT} as this document says. "
        + "Calcitonin [a link](javascript:document.title='owned') and ![a picture](x) are **bold** _words_ | in a | row.\n\n"
        + "| Drug | Effect |\n| --- | --- |\n| <b>Calcitonin</b> | lowers calcium <img src=x onerror=alert(1)> |\n",
        encoding="utf-8",
    )
    (folder / "long.md").write_text(
        front_matter(id="long", title=LONG_TITLE)
        + f"# Long\n\n## {'Averylongheading' * 20}\n\nOsteonecrosis of the jaw {'verylongword' * 40} is rare with pamidronate in this document.\n",
        encoding="utf-8",
    )
    (folder / "rtl.md").write_text(
        front_matter(id="rtl", title=f"{RIGHT_TO_LEFT} and radiotherapy", publisher=RIGHT_TO_LEFT)
        + f"# Direction\n\n## What is {RIGHT_TO_LEFT}?\n\nRadiotherapy of 8 Gy relieves pain in {RIGHT_TO_LEFT} says this document.\n",
        encoding="utf-8",
    )
    for number, drug in enumerate(DRUGS, start=1):
        (folder / f"drug-{drug}.md").write_text(
            front_matter(id=f"drug-{drug}", title=f"Renal dosing of {drug}", publisher=f"Body {number}")
            + f"# Renal dosing\n\n## What is the renal dose of {drug}?\n\n"
            + f"The renal dose of {drug} is {number}.5 mg when creatinine clearance is {10 * number} mL/min, says body {number}.\n",
            encoding="utf-8",
        )
