// The frame: drawer, search by «/», menus that close, theme choice, alerts that go away.

const root = document.documentElement;

export function enhanceFrame() {
  drawer();
  hotkeys();
  menus();
  themeChoice();
  document.addEventListener("click", (event) => event.target.closest("[data-dismiss='alert']")?.closest(".alert")?.remove());
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });
}

function drawer() {
  const toggle = document.querySelector(".drawer-toggle");
  const sidebar = document.getElementById("sidebar");
  const main = document.querySelector(".main");
  if (!toggle || !sidebar) return;

  const set = (open) => {
    if (open) root.dataset.drawer = "open";
    else delete root.dataset.drawer;
    toggle.setAttribute("aria-expanded", String(open));
    main.inert = open;
    if (open) sidebar.querySelector("a")?.focus();
    else toggle.focus({ preventScroll: true });
  };
  toggle.addEventListener("click", () => set(root.dataset.drawer !== "open"));
  document.querySelector(".scrim")?.addEventListener("click", () => set(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.dataset.drawer === "open") set(false);
  });
  window.matchMedia("(min-width: 900px)").addEventListener("change", (event) => {
    if (event.matches && root.dataset.drawer === "open") set(false);
  });
}

function hotkeys() {
  const search = document.querySelector("[data-hotkey='/']");
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || !search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
}

function menus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = [...menu.querySelectorAll("a[href], button")];
      const step = event.key === "ArrowDown" ? 1 : -1;
      const at = items.indexOf(document.activeElement);
      items[at < 0 ? 0 : (at + step + items.length) % items.length]?.focus();
      event.preventDefault();
    }
  });
}

function themeChoice() {
  const buttons = [...document.querySelectorAll("[data-theme-choice]")].filter((node) => node !== root);
  const show = () => {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === root.dataset.themeChoice));
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      try {
        localStorage.setItem("theme", button.dataset.themeChoice);
      } catch {
        return; // without storage the choice could not last, so nothing is pretended
      }
      document.dispatchEvent(new CustomEvent("obektiv:theme"));
      show();
    });
  }
  show();
}
