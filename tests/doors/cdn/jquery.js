// The few words of jQuery that the page of the Celery example speaks, for a browser without network.
// Each does what jQuery 2.1.3 documents for these arguments, and nothing else.
function $(what) {
  if (typeof what === "function") {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", what);
    else what();
    return undefined;
  }
  return new Found(what);
}

class Found {
  constructor(what) {
    if (what instanceof Node) this.nodes = [what];
    else if (what.startsWith("<")) this.nodes = parse(what);
    else this.nodes = [...document.querySelectorAll(what)];
    this.nodes.forEach((node, place) => { this[place] = node; });
  }
  append(found) { this.nodes.forEach((node) => node.append(...found.nodes)); return this; }
  text(words) { this.nodes.forEach((node) => { node.textContent = words; }); return this; }
  click(react) { this.nodes.forEach((node) => node.addEventListener("click", react)); return this; }
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.childNodes];
}

// Any 2xx with a body that is JSON is a success; for anything else there is `error`, or silence.
$.ajax = ({ type, url, success, error }) => {
  const request = new XMLHttpRequest();
  request.open(type, url);
  request.onload = () => {
    let data;
    try {
      if (request.status < 200 || request.status > 299) throw new Error(request.statusText);
      data = JSON.parse(request.responseText);
    } catch (wrong) {
      if (error) error(request, "error", wrong);
      return;
    }
    success(data, "success", request);
  };
  request.onerror = () => error && error(request, "error", "");
  request.send();
};

$.getJSON = (url, success) => $.ajax({ type: "GET", url, success });
