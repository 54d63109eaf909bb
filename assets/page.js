// What the components do not do: citation numbers that open their card, a look at a passage on hover, scrolling to what was asked for, and one
// sentence when the server is gone. No library.
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const show = (element, block) => element.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block });
const CITATION = 'a[href*="#source-"]';
const cardOf = (link) => document.getElementById(link.getAttribute("href").split("#")[1]);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.(CITATION);
  if (link) return openCard(event, link);
  const section = event.target.closest?.("[data-section]");
  if (section) {
    event.preventDefault();
    const target = document.getElementById(section.dataset.section);
    bringUp(target, document.getElementById("osseous-reader"));
    target.focus({ preventScroll: true });
  }
  const back = event.target.closest?.("[data-back]");
  if (back) {
    const first = document.querySelector(`#osseous-chat a[href*="#source-${back.dataset.back}-"]`);
    if (first) { show(first, "center"); first.focus({ preventScroll: true }); }
  }
});

function openCard(event, link) {
  event.preventDefault();
  const card = cardOf(link);
  if (!card) return;
  hidePeek();
  document.querySelectorAll(".osseous-turn").forEach((turn) => (turn.hidden = turn !== card.parentElement));
  document.querySelectorAll(".osseous-card.is-open").forEach((open) => open.classList.remove("is-open"));
  card.classList.add("is-open");
  bringUp(card, document.getElementById("osseous-sources"));
  card.focus({ preventScroll: true });
}

// Scroll the panel where it scrolls by itself (a wide screen), the page where it does not (a phone).
function bringUp(element, panel) {
  if (panel.scrollHeight <= panel.clientHeight + 1) return show(element, "start");
  const top = panel.scrollTop + element.getBoundingClientRect().top - panel.getBoundingClientRect().top - 8;
  panel.scrollTo({ top, behavior: calm() ? "auto" : "smooth" });
}

// Hover or focus of a number: the words behind it, as text (never as HTML).
let peek = null;
function hidePeek() { peek?.remove(); peek = null; }
function showPeek(event) {
  const link = event.target.closest?.(CITATION);
  const card = link && cardOf(link);
  if (!card || window.matchMedia("(hover: none)").matches) return;
  hidePeek();
  peek = document.createElement("div");
  peek.id = "osseous-peek";
  peek.setAttribute("role", "tooltip");
  const head = document.createElement("b");
  head.textContent = card.querySelector(".osseous-facts").textContent;
  peek.append(head, document.createTextNode(card.querySelector("mark").textContent));
  document.body.append(peek);
  const place = link.getBoundingClientRect();
  const above = place.top - peek.offsetHeight - 8;
  peek.style.left = `${Math.max(8, Math.min(place.left, innerWidth - peek.offsetWidth - 8))}px`;
  peek.style.top = `${above > 8 ? above : place.bottom + 8}px`;
}
document.addEventListener("mouseover", showPeek);
document.addEventListener("focusin", showPeek);
document.addEventListener("mouseout", (event) => event.target.closest?.(CITATION) && hidePeek());
document.addEventListener("focusout", hidePeek);
document.addEventListener("keydown", (event) => event.key === "Escape" && hidePeek());
document.addEventListener("scroll", hidePeek, true);

// Scroll only what scrolls the conversation: the chat itself, or on a phone the page.
function toTop(question) {
  let box = question.parentElement;
  while (box && !(box.scrollHeight > box.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(box).overflowY))) box = box.parentElement;
  if (!box) return question.scrollIntoView({ block: "start", behavior: "auto" });
  box.scrollTop += question.getBoundingClientRect().top - box.getBoundingClientRect().top - 12;
}

// The box is emptied when its question stands in the conversation, once: what is typed while the answer comes stays.
function clearAsked(question) {
  const box = document.querySelector("#osseous-question textarea");
  const plain = (text) => text.replace(/\s+/g, " ").trim();
  if (!box || !plain(box.value).startsWith(plain(question.textContent))) return;
  box.value = "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// A new question moves to the top of the conversation, so that what comes first in its answer (an alert) is what is seen first.
// An opened document comes into view at its marked words. Links to sources get names that a screen reader can say.
function whenThere(id, then) {
  const element = document.getElementById(id);
  return element ? then(element) : void setTimeout(() => whenThere(id, then), 200);
}
whenThere("osseous-question", (box) => {
  if (window.matchMedia("(hover: hover)").matches) box.querySelector("textarea").focus({ preventScroll: true });
});
whenThere("osseous-chat", (chat) => {
  let asked = 0;
  const look = () => {
    const questions = chat.querySelectorAll('[data-testid="user"]');
    if (questions.length > asked) {
      toTop(questions[questions.length - 1]);
      clearAsked(questions[questions.length - 1]);
    }
    asked = questions.length;
    chat.querySelectorAll('.examples[role="list"]').forEach((examples) => examples.setAttribute("role", "group")); // its buttons are no list items
    chat.querySelectorAll(`${CITATION}:not([aria-label])`).forEach((link) => link.setAttribute("aria-label", `Source ${link.textContent.replace(/\D/g, "")}`));
  };
  new MutationObserver(look).observe(chat, { childList: true, subtree: true });
  look();
});
const watchReader = () => whenThere("osseous-reader", (reader) => {
  let shown = null;
  const look = () => {
    const opened = reader.querySelector(".osseous-document");
    if (!opened || opened === shown || !opened.offsetParent) return;
    shown = opened;
    const mark = opened.querySelector("mark");
    const section = mark?.closest("section");
    const near = section && mark.getBoundingClientRect().top - section.getBoundingClientRect().top < innerHeight / 3;
    bringUp(near ? section : (mark ?? opened), reader);
    opened.querySelector("h2").focus({ preventScroll: true });
  };
  new MutationObserver(look).observe(reader, { childList: true, subtree: true });
  new ResizeObserver(look).observe(reader);
});
watchReader();

// The server is gone: one sentence instead of a page that silently does nothing.
setInterval(async () => {
  let gone = false;
  try { gone = !(await fetch("favicon.ico", { cache: "no-store" })); } catch { gone = true; }
  const bar = document.getElementById("osseous-gone");
  if (!gone) bar?.remove();
  else if (!bar) {
    const said = document.createElement("div");
    said.id = "osseous-gone";
    said.setAttribute("role", "alert");
    said.textContent = document.documentElement.dataset.gone;
    document.body.append(said);
  }
}, 5000);
