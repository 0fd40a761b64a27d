# SPDX-License-Identifier: BSD-3-Clause
# find_package(pvm3) gives the targets pvm3::pvm3 and, for projects with the language Fortran, pvm3::fortran: fpvm3.h and the
# modules pvm and pvm_f08 of the project's compiler. PVM3_FORTRAN_INTEGERS is i4, or i8 for 8-byte default integers.
get_filename_component(_pvm3_libdir "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(_pvm3_includedir "${_pvm3_libdir}/pvm3/include")

if(NOT TARGET pvm3::pvm3)
    add_library(pvm3::pvm3 SHARED IMPORTED)
    set_target_properties(pvm3::pvm3 PROPERTIES
        IMPORTED_LOCATION "${_pvm3_libdir}/libpvm3.so.3"
        INTERFACE_INCLUDE_DIRECTORIES "${_pvm3_includedir}")
endif()

if(NOT TARGET pvm3::fortran AND CMAKE_Fortran_COMPILER)
    add_library(pvm3::fortran SHARED IMPORTED)
    set_target_properties(pvm3::fortran PROPERTIES
        IMPORTED_LOCATION "${_pvm3_libdir}/libfpvm3.so.3"
        INTERFACE_INCLUDE_DIRECTORIES "${_pvm3_includedir}"
        INTERFACE_LINK_LIBRARIES pvm3::pvm3)
    get_filename_component(_pvm3_fc "${CMAKE_Fortran_COMPILER}" NAME)
    # CMake's own choice is often a name for every compiler (f95), or one with a version; gfortran's modules suit them all.
    if(NOT EXISTS "${_pvm3_libdir}/pvm3/fmod/${_pvm3_fc}" AND CMAKE_Fortran_COMPILER_ID STREQUAL "GNU")
        set(_pvm3_fc gfortran)
    endif()
    if(NOT PVM3_FORTRAN_INTEGERS)
        set(PVM3_FORTRAN_INTEGERS i4)
    endif()
    set(_pvm3_fmoddir "${_pvm3_libdir}/pvm3/fmod/${_pvm3_fc}/${PVM3_FORTRAN_INTEGERS}")
    if(EXISTS "${_pvm3_fmoddir}")
        set_target_properties(pvm3::fortran PROPERTIES
            INTERFACE_INCLUDE_DIRECTORIES "${_pvm3_includedir};${_pvm3_fmoddir}"
            INTERFACE_LINK_LIBRARIES "${_pvm3_fmoddir}/libpvm_fortran.a;${_pvm3_libdir}/libfpvm3.so.3;pvm3::pvm3")
    elseif(NOT pvm3_FIND_QUIETLY)
        message(STATUS "PVM has no modules of ${_pvm3_fc}: ${_pvm3_libdir}/pvm3/fmod/src/build ${_pvm3_fc} makes them")
    endif()
endif()
