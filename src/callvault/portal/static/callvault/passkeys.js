// Passkeys: a form asks the browser's authenticator first, and sends what it answered.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

export function startPasskeys() {
  document.addEventListener("submit", ask, { capture: true });
}

async function ask(event) {
  const form = event.target.closest("form[data-cv-passkey]");
  if (!form || form.elements.credential.value) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.cvAsking) return;
  form.dataset.cvAsking = "yes";
  tell(form, null);
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  try {
    if (!form.reportValidity()) return;
    form.elements.credential.value = JSON.stringify(await answer(form));
    form.requestSubmit();
  } catch (refused) {
    tell(form, refused.name);
  } finally {
    delete form.dataset.cvAsking;
    if (!form.elements.credential.value) button?.removeAttribute("aria-busy");
  }
}

async function answer(form) {
  const options = (await asked(form)).publicKey;
  options.challenge = bytes(options.challenge);
  if (form.dataset.cvPasskey === "create") {
    options.user.id = bytes(options.user.id);
    for (const known of options.excludeCredentials ?? []) known.id = bytes(known.id);
    return created(await navigator.credentials.create({ publicKey: options }));
  }
  for (const known of options.allowCredentials ?? []) known.id = bytes(known.id);
  return gotten(await navigator.credentials.get({ publicKey: options }));
}

// The options stand in the page, or are fetched anew, since a challenge is good for one answer.
async function asked(form) {
  const inPage = document.getElementById(form.dataset.cvOptionsFrom ?? "");
  if (inPage) return JSON.parse(inPage.textContent);
  const alone = form.elements.alone?.checked ? "?alone=1" : "";
  const told = await fetch(form.dataset.cvOptions + alone, { headers: { Accept: "application/json" } });
  if (!told.ok || told.redirected) throw new Error("no options");
  return told.json();
}

const created = (credential) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  response: {
    clientDataJSON: text(credential.response.clientDataJSON),
    attestationObject: text(credential.response.attestationObject),
  },
  clientExtensionResults: credential.getClientExtensionResults(),
});

const gotten = (credential) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  response: {
    clientDataJSON: text(credential.response.clientDataJSON),
    authenticatorData: text(credential.response.authenticatorData),
    signature: text(credential.response.signature),
    userHandle: credential.response.userHandle ? text(credential.response.userHandle) : null,
  },
  clientExtensionResults: credential.getClientExtensionResults(),
});

// Shows the sentence for this refusal; without a name none of them.
function tell(form, name) {
  const sentences = [...form.querySelectorAll("[data-cv-passkey-trouble]")];
  const fit = sentences.find((sentence) => sentence.dataset.cvPasskeyTrouble === name) ?? sentences.at(-1);
  for (const sentence of sentences) sentence.hidden = name === null || sentence !== fit;
}
