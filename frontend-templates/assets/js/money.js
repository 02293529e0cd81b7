// The same digits as the server writes (Formats.dollars): cents where they say it all, else six after the point, or nine where
// a thousandth of a dollar would hide some; rounded towards zero.
const NANOS = 1e9;

export function dollars(nanos) {
  const whole = Math.floor(nanos / NANOS);
  const rest = Math.floor(nanos % NANOS);
  const start = `$${whole.toLocaleString("en-US")}.`;
  const digits = String(rest).padStart(9, "0");
  if (digits.endsWith("0000000")) return start + digits.slice(0, 2);
  const groups = digits.match(/\d{3}/g);
  if (nanos >= 1_000_000 || groups[2] === "000") groups.pop();
  return start + groups.join("\u00a0");
}
