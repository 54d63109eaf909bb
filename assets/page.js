// A click on a citation number opens the Sources panel at its card. Loaded with the page; no library.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href*="#source-"]');
  if (!link) return;
  event.preventDefault();
  const card = document.getElementById(link.getAttribute("href").split("#")[1]);
  if (!card) return;
  document.querySelectorAll(".osseous-turn").forEach((turn) => (turn.hidden = turn !== card.parentElement));
  document.querySelectorAll(".osseous-card.is-open").forEach((open) => open.classList.remove("is-open"));
  card.classList.add("is-open");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  card.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
  card.focus({ preventScroll: true });
});

// A new question moves to the top of the conversation, so that what comes first in its answer (an alert) is what is seen first.
const watchChat = () => {
  const chat = document.getElementById("osseous-chat");
  if (!chat) return void setTimeout(watchChat, 200);
  let asked = 0;
  new MutationObserver(() => {
    const questions = chat.querySelectorAll('[data-testid="user"]');
    if (questions.length > asked) questions[questions.length - 1].scrollIntoView({ block: "start", behavior: "auto" });
    asked = questions.length;
  }).observe(chat, { childList: true, subtree: true });
};
watchChat();
