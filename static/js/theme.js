// Light, dark, or as the system: set before the first paint, so that nothing flashes.
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const icons = {system: "theme", light: "sun", dark: "moon"};
  const stored = () => {
    try {
      return localStorage.getItem("theme") || "system";
    } catch {
      return "system"; // storage may be forbidden
    }
  };

  function show(theme) {
    if (theme === "system") root.removeAttribute("data-theme");
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-label", `Theme: ${theme === "system" ? "as the system" : theme}`);
      button.title = button.getAttribute("aria-label");
      const use = button.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icons[theme]}`));
    }
    document.dispatchEvent(new CustomEvent("abreast:theme"));
  }

  function next() {
    const theme = themes[(themes.indexOf(stored()) + 1) % themes.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // it holds until the next page, then
    }
    show(theme);
  }

  show(stored());
  document.addEventListener("DOMContentLoaded", () => show(stored()));
  document.addEventListener("click", (event) => event.target.closest("[data-theme-switch]") && next());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(stored()));
})();
