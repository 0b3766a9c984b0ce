// A bar with nanobar's interface: `new Nanobar({bg, target})` and `go(percent)`. It keeps in
// `data-went` everywhere that it has been.
class Nanobar {
  constructor({ bg, target }) {
    this.bar = document.createElement("div");
    this.bar.className = "bar";
    this.bar.style.cssText = `width: 0; height: 4px; background: ${bg}`;
    this.bar.dataset.went = "";
    target.append(this.bar);
  }
  go(percent) {
    this.bar.style.width = `${percent}%`;
    this.bar.dataset.went += ` ${percent}`;
  }
}
