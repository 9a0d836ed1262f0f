// Shows only the transforms whose name or summary holds what is typed.
document.querySelector("input[type=search]").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const section of document.querySelectorAll("main section")) {
    const text = section.id + " " + section.querySelector(".summary").textContent;
    section.hidden = !text.toLowerCase().includes(wanted);
    document.querySelector(`nav a[href="#${section.id}"]`).parentElement.hidden = section.hidden;
  }
});
