// The reader's choice of theme, if there is one; without it the system's holds.
try {
  const theme = localStorage.getItem('switchyard.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden: then the system's theme it is.
}
