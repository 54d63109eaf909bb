"""The evaluation tab shows the last report, and is not there without one."""

from pathlib import Path

from page.evaluation_tab import report_frame


def test_no_report_no_tab(tmp_path: Path) -> None:
    assert report_frame(tmp_path / "report.html") is None


def test_the_report_is_shown_in_a_frame_that_runs_no_script(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<h1 title='x'>Scorecard</h1><script>1</script>", encoding="utf-8")
    frame = report_frame(tmp_path / "report.html")
    assert frame is not None
    assert "sandbox=''" in frame
    assert "<script>" not in frame
    assert "&lt;h1 title=&#x27;x&#x27;&gt;Scorecard" in frame
