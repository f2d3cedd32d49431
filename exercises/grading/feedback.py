"""A page for each student: points, what the checks said, and the answers they were about. It asks no server for anything."""

import html
import re

from jinja2 import Environment
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LONGEST = 20_000  # characters of an answer that are shown
COLORS = HtmlFormatter(nowrap=True)
MARKDOWN = MarkdownIt("js-default", {"linkify": False}).disable(["image", "link", "autolink"])
# no HTML of the student's, and no address: none that runs, none that an instructor would follow
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f]")

# Whatever should slip through: the page may show its own style and pictures that it holds, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --ground: #fff; --code: #f6f8fa;
  --full: #0072B2; --none: #A94A00; --open: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4ae; --line: #3d444d; --ground: #14181d;
  --code: #1d232a; --full: #56B4E9; --none: #E69F00; --open: #9aa4ae; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 46rem; color: var(--ink); background: var(--ground);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; } h2 { font-size: 1.15rem; margin: 0; }
.soft, .goal { color: var(--soft); } .score { font-size: 1.3rem; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
td, th { padding: .3rem .5rem; border-bottom: 1px solid var(--line); text-align: left; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
section { border-top: 1px solid var(--line); padding: 1.2rem 0; }
header.task { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
.points { white-space: nowrap; font-weight: 600; }
.full { color: var(--full); } .none { color: var(--none); } .open { color: var(--open); }
pre { background: var(--code); padding: .7rem .9rem; overflow-x: auto; border-radius: 6px; font-size: .85rem; line-height: 1.45;
  overflow-wrap: normal; }
pre.message { border-left: 4px solid var(--none); white-space: pre-wrap; }
blockquote { margin: 0; padding-left: 1rem; border-left: 4px solid var(--line); }
img { max-width: 100%; background: #fff; } p { margin: .5rem 0; } a { color: inherit; }
.k, .kn, .kc, .ow { font-weight: 600; } .c1, .sd { color: var(--soft); } .s1, .s2, .mi, .mf { color: var(--full); }
"""

PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}: {{ student }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p class="soft">{{ student }}</p>
<p class="score"><strong>{{ "%g" | format(score) }}</strong> of {{ "%g" | format(most) }} points
{%- if open %}; {{ "%g" | format(open) }} more can come from what is graded by hand{% endif %}</p>
{% if reason %}<p class="none">{{ reason[0] | upper }}{{ reason[1:] }}.</p>{% endif %}
{% if tasks %}
<table>
<thead><tr><th>Task</th><th class="number">Points</th></tr></thead>
<tbody>
{% for task in tasks %}
<tr><td><a href="#{{ task.name }}">{{ task.title }}</a></td>
<td class="number {{ task.color }}">{{ task.worth }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% for task in tasks %}
<section id="{{ task.name }}">
<header class="task"><h2>{{ task.title }}</h2><span class="points {{ task.color }}">{{ task.worth }}</span></header>
<p class="goal">Goal: {{ task.goal }}</p>
<p>{{ task.verdict }}</p>
{% for message in task.messages %}<pre class="message" tabindex="0">{{ message }}</pre>{% endfor %}
{% if task.comment %}<p>Comment: {{ task.comment }}</p>{% endif %}
{% if task.rubric %}
<ul>{% for points, reason in task.rubric %}<li>{{ "%g" | format(points) }}: {{ reason }}</li>{% endfor %}</ul>
{% endif %}
{% if task.answer %}{{ task.answer | safe }}{% endif %}
{% for output in task.outputs %}<pre tabindex="0">{{ output }}</pre>{% endfor %}
{% for picture in task.pictures %}
<img src="data:image/png;base64,{{ picture }}" alt="Figure that the answer drew">
{% endfor %}
</section>
{% endfor %}
</main>
</body>
</html>
""")


def legible(text: str) -> str:
    """Return `text` without the codes that color, move or sound in a terminal."""
    return ESCAPES.sub("", text)


def shown(answer: str, *, by_hand: bool) -> str:
    """Return an answer as HTML: colored code, or rendered Markdown in which nothing of the student's can run."""
    text = legible(answer[:LONGEST]) + ("\n(and more, not shown)" if len(answer) > LONGEST else "")
    if by_hand:
        return f"<blockquote>{MARKDOWN.render(text)}</blockquote>"
    return f'<pre tabindex="0">{highlight(text, PythonLexer(), COLORS)}</pre>'


def page(title: str, student: str, reason: str, tasks: list[dict]) -> str:
    """Return the page of one student. A task: name, title, goal, most, points (None: not graded yet), verdict, messages,
    answer, by_hand, outputs, pictures, rubric, comment."""
    rows = []
    for task in tasks:
        given, most = task["points"], task["most"]
        worth = f"to be graded ({most:g})" if given is None else f"{given:g} of {most:g}"
        color = "open" if given is None else "full" if given == most else "none" if not given else ""
        answer = shown(task["answer"], by_hand=task["by_hand"]) if task["answer"].strip() else ""
        texts = {name: [legible(text) for text in task[name]] for name in ("messages", "outputs")}
        rows.append(task | texts | {"worth": worth, "color": color, "answer": answer})
    return PAGE.render(
        title=title, student=student, reason=reason, tasks=rows, policy=POLICY, style=STYLE,
        score=sum(task["points"] or 0 for task in tasks), most=sum(task["most"] for task in tasks),
        open=sum(task["most"] for task in tasks if task["points"] is None),
    )  # fmt: skip


def heading(notebook) -> str:
    """Return the first heading of a notebook as text."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^# +(.+)", cell.source, re.M)):
            return html.unescape(found[1].strip())
    return "Exercises"
