(() => {
  // src/theme.js
  var root = document.documentElement;
  var wantsDark = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    try {
      return localStorage.getItem("theme") ?? "auto";
    } catch {
      return "auto";
    }
  }
  function apply() {
    const choice = chosen();
    const theme = choice === "auto" ? wantsDark.matches ? "dark" : "light" : choice;
    root.dataset.theme = theme === "dark" ? "dark" : "light";
    root.dataset.themeChoice = choice;
  }
  root.classList.add("js");
  apply();
  wantsDark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("obektiv:theme", apply);
})();
