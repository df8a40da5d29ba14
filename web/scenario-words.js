// What a scenario shows, and where it comes from, as its file says it. The page loads this for the first who looks at one; the
// files are those that the command and the book have, too. Recordings that come with the page have files of their own (`web/words`).

const texts = new Map();
const text = async (name) => {
  if (!texts.has(name)) {
    const answer = await fetch(`scenarios/${name}.toml`);
    if (answer.ok) texts.set(name, await answer.text());
  }
  return texts.get(name) ?? "";
};

// These texts hold no quotation mark, and no backslash but that which joins two lines.
const said = (file, key) => file.match(`\n${key} = "+([^"]+)"`)?.[1].replaceAll("\\\n", "").trim() ?? "";

export const tell = async (element) => {
  const name = element.getAttribute("of");
  const file = await text(name);
  if (element.getAttribute("of") !== name) return;
  const paragraphs = ["shows", "source"].filter((key) => said(file, key)).map((key) => {
    const paragraph = document.createElement("p");
    paragraph.className = key === "shows" ? "words" : "words words--small";
    paragraph.textContent = said(file, key);
    return paragraph;
  });
  element.replaceChildren(...paragraphs);
};
