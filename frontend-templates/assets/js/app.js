// What every page shares. Each part only betters a page that already works without it.
import htmx from "htmx.org";

// The content security policy forbids both.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
// Pages hold money and keys: no copies of them in the browser's storage.
htmx.config.historyCacheSize = 0;
// So that going back to an address which a part of a page had pushed loads it as a page.
htmx.config.refreshOnHistoryMiss = true;

const root = document.documentElement;

function dark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function setUpThemeToggle() {
  const toggle = document.querySelector("[data-theme-toggle]");
  if (!toggle) return;
  const label = () => toggle.setAttribute("aria-label", dark() ? "Use the light theme" : "Use the dark theme");
  toggle.hidden = false;
  label();
  toggle.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // The choice then lasts for this page only.
    }
    label();
    dispatchEvent(new Event("themechange"));
  });
}

function setUpKeys() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("search")?.select();
    }
    if (event.key === "Escape") {
      const menu = document.querySelector(".menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
  });
}

function setUpClicks() {
  document.addEventListener("click", async (event) => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;

    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.dataset.copy || button.parentElement.querySelector("pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("pre, code"));
      return;
    }
    button.dataset.copied = "";
    document.getElementById("said").textContent = "Copied";
    setTimeout(() => {
      delete button.dataset.copied;
      document.getElementById("said").textContent = "";
    }, 2000);
  });
}

// The server writes the first wording; these are the same words, kept fresh.
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });

function refreshTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
    time.textContent = unit ? words.format(Math.trunc(seconds / unit[1]), unit[0]) : seconds < 0 ? "just now" : "in a moment";
  }
}

function setUpContent(part) {
  for (const button of part.querySelectorAll("[data-copy]")) button.hidden = false;
  refreshTimes();
}

function setUpPage(part) {
  for (const form of part.querySelectorAll("form[data-submit-on-change]")) form.addEventListener("change", () => form.requestSubmit());
  // On a wide screen the filters stand open beside the results; on a phone they start closed.
  if (matchMedia("(max-width: 960px)").matches)
    for (const details of part.querySelectorAll("details[data-close-on-phone]")) details.open = false;
  setUpContent(part);
}

function setUpFragments() {
  htmx.on("htmx:afterSwap", (event) => {
    setUpPage(event.detail.target);
    // An element that was swapped as a whole is not in the page any more; what took its place is.
    if (!event.detail.target.isConnected) setUpContent(document);
  });
  htmx.on("htmx:oobAfterSwap", () => setUpContent(document));
  // A page nobody looks at asks for nothing.
  htmx.on("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
  });
  // When the session has ended the answer is the sign-in page, which is no fragment of this one.
  htmx.on("htmx:beforeSwap", (event) => {
    const landed = event.detail.xhr.responseURL;
    if (!landed || new URL(landed).pathname !== "/sign-in") return;
    event.detail.shouldSwap = false;
    location.assign(landed);
  });
}

setUpThemeToggle();
setUpKeys();
setUpClicks();
setUpPage(document);
setUpFragments();
setInterval(refreshTimes, 30_000);
