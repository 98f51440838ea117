/* SPDX-License-Identifier: MIT */
/*
 * vfork_x86_64.S - vfork(), which a C function cannot wrap: it returns twice on one stack, and the child's return
 * overwrites the parent's return address. So that address is kept in a register, which each of the two has for itself.
 *
 * The child sets shim_in_vfork_child; the parent sleeps until the child is gone or has called exec, and clears it.
 */
	.text
	.globl vfork
	.type vfork, @function
	.p2align 4
vfork:
	.cfi_startproc
	popq %rdi
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdi
	movl $58, %eax
	syscall
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rip, -8
	movq shim_in_vfork_child@gottpoff(%rip), %rcx
	testq %rax, %rax
	js 2f
	jnz 1f
	movl $1, %fs:(%rcx)
	ret
1:	movl $0, %fs:(%rcx)
	movl %eax, %edi
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call vforked
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
2:	negl %eax
	pushq %rax
	.cfi_adjust_cfa_offset 8
	call __errno_location@PLT
	popq %rcx
	.cfi_adjust_cfa_offset -8
	movl %ecx, (%rax)
	movq $-1, %rax
	ret
	.cfi_endproc
	.size vfork, .-vfork
	.section .note.GNU-stack,"",@progbits
