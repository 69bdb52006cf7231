// Your account: rules of a password judged while it is typed, recovery codes kept as a file or on paper.

const WAIT_MS = 350;

export function startAccount() {
  const field = document.querySelector("[data-cv-judge]");
  if (field) field.addEventListener("input", judgeLater(field));
  document.addEventListener("click", (event) => {
    const saver = event.target.closest("[data-cv-save-from]");
    if (saver) save(saver);
    if (event.target.closest("[data-cv-print]")) window.print();
  });
}

function judgeLater(field) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => judge(field), WAIT_MS);
  };
}

// Without an answer the rules stay as they are: the server judges again when the form is sent.
async function judge(field) {
  const sent = new FormData();
  sent.set("new_password1", field.value);
  sent.set("csrfmiddlewaretoken", field.form.elements.csrfmiddlewaretoken.value);
  const told = await fetch(field.dataset.cvJudge, { method: "POST", body: sent }).catch(() => null);
  if (!told?.ok) return;
  const page = new DOMParser().parseFromString(await told.text(), "text/html");
  const rules = page.getElementById("password-rules");
  if (rules) document.getElementById("password-rules")?.replaceChildren(...rules.children);
}

function save(button) {
  const lines = [...document.querySelectorAll(`#${button.dataset.cvSaveFrom} li`)].map((item) => item.textContent.trim());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/plain" }));
  link.download = button.dataset.cvFile;
  link.click();
  URL.revokeObjectURL(link.href);
}
