// Loaded in the head and blocking: what is set here is there before the first paint.
document.documentElement.dataset.script = "";
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's preference stands.
}
