#include "cli/keypair.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"

static int write_pair(const char *path, const char *public_path, char public_text[SIGN_PUBLIC_TEXT_SIZE],
    struct err *err)
{
	struct secret private_pem = { 0 };
	struct signer *signer = NULL;
	AUTO_BUF public_pem = BUF_INIT(4096);
	int rc;

	rc = signer_generate(&private_pem, &public_pem, err);
	if (rc == 0 && (signer = signer_new(&private_pem, err)) == NULL)
		rc = -1;
	if (rc == 0) {
		(void)snprintf(public_text, SIGN_PUBLIC_TEXT_SIZE, "%s", signer_public_text(signer));
		rc = file_write(path, private_pem.bytes, private_pem.len, 0600, true, err);
	}
	if (rc == 0 &&
	    (rc = file_write(public_path, public_pem.data, public_pem.len, 0644, true, err)) != 0)
		(void)unlink(path);
	signer_free(signer);
	secret_release(&private_pem);
	return rc;
}

int keypair_write(const char *path, char public_text[SIGN_PUBLIC_TEXT_SIZE], struct err *err)
{
	AUTO_STR public_path = mem_printf("%s.pub", path);

	if (write_pair(path, public_path, public_text, err) == 0)
		return 0;
	if (err->code == ERR_EXISTS) {
		err->code = ERR_REFUSED;
		(void)err_hint(err, "a key that signed snapshots must not be lost: choose another name");
	}
	return -1;
}

int keypair_public(const char *path, char public_text[SIGN_PUBLIC_TEXT_SIZE], struct err *err)
{
	AUTO_STR place = mem_printf("file:%s", path);
	struct secret pem = { 0 };
	struct signer *signer = NULL;

	if (secret_load(&pem, place, err) == 0)
		signer = signer_new(&pem, err);
	secret_release(&pem);
	if (signer == NULL)
		return -1;
	(void)snprintf(public_text, SIGN_PUBLIC_TEXT_SIZE, "%s", signer_public_text(signer));
	signer_free(signer);
	return 0;
}
