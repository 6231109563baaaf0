// What is on this page that no template of ours puts there, and text that hides something: a line each.
() => {
  const strange = "iframe, frame, object, embed, base, math, marquee, xmp, video, audio, image, animate, set, " +
    "foreignObject, meta[http-equiv], [srcdoc], [popover], template[shadowrootmode]";
  const leading = ["href", "src", "action", "formaction", "xlink:href", "data", "ping", "poster", "background"];
  const hidden = /[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff]|[\u{e0000}-\u{e0fff}]/u;
  const told = [];
  const isOurs = (address) => new URL(address, location.href).href.startsWith(`${location.origin}/`);
  const look = (one, {name, value}) => {
    if (/^(on|hx-on)/i.test(name)) told.push(`<${one.localName} ${name}>`);
    if (/^(data-)?hx-/.test(name) && /pwned/.test(value.split("?")[0])) told.push(`${name}="${value}"`);
    if (leading.includes(name) && !isOurs(value)) told.push(`${name}="${value}"`);
  };
  for (const one of document.querySelectorAll("*")) {
    if (one.matches(strange)) told.push(`<${one.localName}>`);
    if (one.localName === "script" && !one.getAttribute("src")) told.push("a script of its own");
    for (const attribute of one.attributes) look(one, attribute);
  }
  const texts = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {data, parentElement} = texts.currentNode;
    if (parentElement.localName === "textarea" || !hidden.test(data)) continue;
    told.push(`hidden characters in ${parentElement.outerHTML.slice(0, 120)}`);
  }
  return told;
}
