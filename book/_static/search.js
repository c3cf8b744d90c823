/* How the search ranks, and what it quotes. Sphinx puts this file into language_data.js, after searchtools.js. */

/* Text first, then the package, then the assignments, then their solutions, whatever the words of the query. */
Scorer.score = ([page, , , , score]) => {
  if (page.startsWith("book/api/")) return score - 500;
  if (page.startsWith("solutions/")) return score - 2000;
  if (page.startsWith("book/assignments/")) return score - 1000;
  return score;
};

/* An excerpt is plain text, in which a formula would be LaTeX. Buttons and the table of contents are not the text. */
{
  const whole = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(".bd-header-article, .onlyprint").forEach((part) => part.remove());
    page.querySelectorAll(".math").forEach((formula) => formula.replaceWith("…"));
    return whole(page.documentElement.outerHTML, anchor);
  };
}
